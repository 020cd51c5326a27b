"""What cdk synth wrote, read for its policies."""
