"""Measuring the assistant: questions with their gold evidence, scores with reasons, runs that can be compared."""
