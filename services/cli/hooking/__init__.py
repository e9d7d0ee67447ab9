"""What `invoice-export hooks` does at Procore and asks of the receiver."""
