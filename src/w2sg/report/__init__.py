"""Figures, tables and one-file HTML reports of studies."""

from w2sg.report import formatting as formatting
from w2sg.report.figures import figures_of as figures_of
from w2sg.report.league import league_html as league_html
from w2sg.report.league import league_markdown as league_markdown
from w2sg.report.league import write_league as write_league
from w2sg.report.page import report_html as report_html
from w2sg.report.page import write_report as write_report
