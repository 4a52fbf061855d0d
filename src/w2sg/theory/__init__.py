"""The theoretical framework: predictors of generalization, certificates, and the scoreboard."""

from w2sg.theory import certificates as certificates
from w2sg.theory import predictors as predictors
from w2sg.theory.answering import predict_all as predict_all
from w2sg.theory.answering import theories as theories
from w2sg.theory.certificate import Certificate as Certificate
from w2sg.theory.certificate import certified_mean as certified_mean
from w2sg.theory.certificate import together as together
from w2sg.theory.certifying import Certification as Certification
from w2sg.theory.certifying import certify_stored as certify_stored
from w2sg.theory.documents import certificate_document as certificate_document
from w2sg.theory.documents import observations_document as observations_document
from w2sg.theory.documents import predictions_document as predictions_document
from w2sg.theory.documents import scoreboard_document as scoreboard_document
from w2sg.theory.documents import theories_document as theories_document
from w2sg.theory.linear_gaussian import LinearGaussianWorld as LinearGaussianWorld
from w2sg.theory.running import ObservedStudy as ObservedStudy
from w2sg.theory.running import observe_run as observe_run
from w2sg.theory.running import observe_study as observe_study
from w2sg.theory.running import open_truths as open_truths
from w2sg.theory.running import predict_observed as predict_observed
from w2sg.theory.scoreboard.board import scoreboard as scoreboard
from w2sg.theory.sealing import Seal as Seal
from w2sg.theory.sealing import SealedPredictions as SealedPredictions
from w2sg.theory.steps import Observation as Observation
from w2sg.theory.steps import Predictions as Predictions
from w2sg.theory.steps import RunTruth as RunTruth
