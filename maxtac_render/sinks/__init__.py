"""Where results go: standard output, a directory. Texts only; nothing here knows what they say."""
