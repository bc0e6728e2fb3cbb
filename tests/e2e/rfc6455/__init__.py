"""RFC 6455 case by case, against a running gateway: numbers and meaning are those of the Autobahn test suite.

A gateway is no echo server. Where a case says that a message comes back, here the one answer comes back that tells
which message it was: the error for a subscription to a KPI that does not exist has the id of the subscription. Messages
in binary have no meaning here, and are closed with 1003.
"""
