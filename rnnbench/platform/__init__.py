"""What stands around a training: run folder, checkpoints, resume, records, progress.

The callbacks find the run folder where Lightning's conventions put it: in ``trainer.default_root_dir``.
"""
