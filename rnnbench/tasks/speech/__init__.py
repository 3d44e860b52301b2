"""Speech recognition with CTC: from recordings to text."""

from rnnbench.tasks.speech.data import SpeechData
from rnnbench.tasks.speech.model import Recognizer

__all__ = ["Recognizer", "SpeechData"]
