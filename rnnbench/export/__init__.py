"""Trained models for programs that do not have this package: graphs of ONNX and of torch.export.

loop.py     stacks as graphs: the loop over time is a scan, of any length
write.py    writes a graph and what stands around it, once its numbers are those of the model
"""
