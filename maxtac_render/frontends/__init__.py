"""Front-ends: from a snapshot to intents, one for each language in which intents are written."""
