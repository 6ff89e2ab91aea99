"""The physiological phantom: sources of tremor, equations of motion, ground reactions."""
