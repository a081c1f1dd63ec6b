"""From figures to pages: blocks, words, pictures, files and mails."""
