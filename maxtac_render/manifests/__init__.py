"""The only room that knows YAML: text in, Resources out, and back to text."""
