"""What a recurrent language model is compared with."""
