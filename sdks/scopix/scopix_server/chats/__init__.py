"""Chats: sessions, messages, and answers that are told as they come."""
