"""Training steps of applications against those of the same models written plainly, by the habits of tutorials.

A file for each application: layers of torch.nn on padded batches, loops over steps, all scores stored, the losses of
`torch.nn.functional`. The batches are ours, bucketed alike.
"""
