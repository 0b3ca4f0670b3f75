"""How the demonstration models in `canary_subs.demo` were made, and what they score.

``python -m examples.demo_model.train`` and ``train_tagger`` train them, ``evaluate`` examines the
Canary. Run them from the project's root; they need espeak-ng.
"""
