"""A stand-in for QuickBooks Online, from Intuit's published behaviour: real HTTP, strict, in memory."""
