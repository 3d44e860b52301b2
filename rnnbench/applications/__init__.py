"""Applications and their cards: what the other floors must know of an application. Imports no torch.

An application is a package with a `card.yaml` beside its `__init__.py`. It is found by its existence: inside
`rnnbench.tasks`, in an installed package that names it under the entry point group ``rnnbench.applications``, or as a
folder in the working folder. No table of applications stands anywhere else.
"""

from rnnbench.applications.card import Application, Card, MetricCard, PictureCard, PredictCard
from rnnbench.applications.find import application_of, applications, load_application, metric_cards

__all__ = [
    "Application",
    "Card",
    "MetricCard",
    "PictureCard",
    "PredictCard",
    "application_of",
    "applications",
    "load_application",
    "metric_cards",
]
