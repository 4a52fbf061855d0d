"""Documents written: as one offline HTML file, as Markdown with figures beside it, and as tables of a terminal.

The room computes nothing and knows no study: what it writes stands in `w2sg.core.Document`.
"""

from w2sg.report.canvas import Drawing as Drawing
from w2sg.report.figures import draw as draw
from w2sg.report.figures import plotted as plotted
from w2sg.report.latex import latex_table as latex_table
from w2sg.report.offline import write_whole as write_whole
from w2sg.report.pages import file_target as file_target
from w2sg.report.pages import html_page as html_page
from w2sg.report.pages import html_table as html_table
from w2sg.report.pages import markdown_page as markdown_page
from w2sg.report.pages import page_target as page_target
from w2sg.report.pages import write_document as write_document
from w2sg.report.terminal import names_of as names_of
from w2sg.report.terminal import table_text as table_text
from w2sg.report.terminal import terminal_table as terminal_table
