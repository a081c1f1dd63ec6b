"""What endpoints share: who asks, how they are answered, how lists are paged, how a repeat stays harmless."""
