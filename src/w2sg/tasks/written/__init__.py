"""Tasks whose answers are written: sums, and questions of GSM8K with their solutions."""

from w2sg.tasks.written.gsm8k import Gsm8k as Gsm8k
from w2sg.tasks.written.sums import Sums as Sums
