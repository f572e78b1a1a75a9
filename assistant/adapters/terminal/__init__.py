"""The chat in the terminal: a conversation by keyboard, or a line a question where standard input is no terminal."""
