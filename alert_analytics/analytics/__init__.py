"""One room per question: each analysis stands beside the ``.sql`` that counts for it."""
