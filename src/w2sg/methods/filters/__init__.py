"""Filters: selections and relabelings that look for wrong weak labels."""

from w2sg.methods.filters.balance import BalancedLabels as BalancedLabels
from w2sg.methods.filters.confident_learning import ConfidentLearning as ConfidentLearning
from w2sg.methods.filters.consistency import ConsistencyFilter as ConsistencyFilter
from w2sg.methods.filters.consistency import ConsistencyRelabel as ConsistencyRelabel
from w2sg.methods.filters.folds import FoldFilter as FoldFilter
from w2sg.methods.filters.folds import FoldRelabel as FoldRelabel
from w2sg.methods.filters.neighbours import KnnFilter as KnnFilter
from w2sg.methods.filters.neighbours import KnnRelabel as KnnRelabel
from w2sg.methods.filters.propagation import LabelPropagation as LabelPropagation
from w2sg.methods.filters.topology import TopologyFilter as TopologyFilter
from w2sg.methods.filters.topology import TopologyRelabel as TopologyRelabel
from w2sg.methods.filters.trust import AuditedTrust as AuditedTrust
from w2sg.methods.filters.trust import TrustedGold as TrustedGold
from w2sg.methods.filters.trust import TrustedWeight as TrustedWeight
from w2sg.methods.filters.two_views import TwoViews as TwoViews
