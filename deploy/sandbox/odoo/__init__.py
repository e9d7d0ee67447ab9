"""A strict stand-in for Odoo, written from what a real Odoo 17.0 Community was seen to do; JSON-2 from its source."""
