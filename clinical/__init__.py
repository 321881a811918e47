"""What the label and the source article say about a drug: plain values in, plain values out."""
