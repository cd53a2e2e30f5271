"""The languages that buses speak: a question becomes bytes, the bytes of an answer become an outcome."""
