"""What `invoice-export doctor` looks at, one file per thing that can be ill."""
