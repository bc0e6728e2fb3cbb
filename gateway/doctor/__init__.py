"""`tidegate doctor`: what of a data folder can be proved, what is lost, and a new file of all that is good."""
