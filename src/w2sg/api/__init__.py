"""What `import w2sg` offers beside the laboratory's own: everything that the command line does, as functions."""

from w2sg.api.asking import certify as certify
from w2sg.api.asking import check as check
from w2sg.api.asking import observe as observe
from w2sg.api.asking import plan as plan
from w2sg.api.asking import predict as predict
from w2sg.api.looking import describe as describe
from w2sg.api.looking import ledger as ledger
from w2sg.api.looking import names as names
from w2sg.api.looking import runs as runs
from w2sg.api.looking import show as show
from w2sg.api.pages import document_of as document_of
from w2sg.api.pages import examples as examples
from w2sg.api.pages import multiverse as multiverse
from w2sg.api.pages import write_report as write_report
from w2sg.api.showing import export as export
from w2sg.api.showing import html_table as html_table
from w2sg.api.showing import plot as plot
from w2sg.api.showing import to_frame as to_frame
from w2sg.api.studies import battery as battery
from w2sg.api.studies import compare as compare
from w2sg.api.studies import league as league
from w2sg.api.studies import optimise as optimise
from w2sg.api.studies import power as power
from w2sg.api.studies import run_factors as run_factors
from w2sg.api.studies import scoreboard as scoreboard
