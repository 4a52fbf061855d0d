"""What the laboratory found, as documents: of a study or one setup, and of a league."""

from w2sg.lab.documents.compared import compared_document as compared_document
from w2sg.lab.documents.league import league_document as league_document
from w2sg.lab.documents.power import power_document as power_document
from w2sg.lab.documents.preflight import preflight_document as preflight_document
from w2sg.lab.documents.study import study_document as study_document
