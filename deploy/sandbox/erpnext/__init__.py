"""A stand-in for ERPNext, written from what a real ERPNext 15.90 on Frappe 15.41 was seen to do over REST.

It is strict where the real one is strict, and as lax where that one is lax: fields that it does not know are dropped
without a word, amounts are floats, and some bad input ends in a 500.
"""
