"""What can go wrong between us and an ERP, ordered by tests and the demo, the same for every sandbox.

A sandbox wraps its application into `Faulty` and tells it, through a `Vendor`, what a request asks for and how that
ERP says no. `proxy` puts the same in front of a real ERP.
"""
