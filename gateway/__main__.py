"""`python -m gateway` is the same as `tidegate`."""

import sys

from gateway.cli import main

sys.exit(main())
