"""Methods that leave out, weigh or replace part of the weak labels."""

from w2sg.core import preset
from w2sg.methods import filters as filters
from w2sg.methods.composition import Composition

preset(
    "confident-only",
    Composition,
    "Train on the examples on which the supervisor is most confident.",
    select="confident",
)
preset(
    "knn-relabel",
    Composition,
    "Train on the mean weak label of each example's nearest neighbours.",
    relabel="knn-relabel",
)
preset(
    "knn-filter",
    Composition,
    "Leave out the weak labels that differ most from those of the nearest neighbours.",
    select="knn-filter",
)
preset(
    "fold-relabel",
    Composition,
    "Train on what students say of examples they were not trained on.",
    relabel="fold-relabel",
)
preset(
    "fold-filter",
    Composition,
    "Leave out the weak labels that differ most from what students not trained on them say.",
    select="fold-filter",
)
preset(
    "topo-relabel",
    Composition,
    "Train on the mean weak label of the nearest examples that hang together with their class.",
    relabel="topology-relabel",
)
preset(
    "topo-filter",
    Composition,
    "Keep the largest connected component of each class, and of it those whose neighbours agree.",
    select="topology-filter",
    paper="2012.04835",
)
preset(
    "confident-learning",
    Composition,
    "Estimate which classes are mistaken for which, and prune as many of the likeliest mistakes.",
    select="confident-learning",
    paper="1911.00068",
)
preset(
    "audited-trust",
    Composition,
    "Buy 50 labels, learn from them which weak labels are right, and train on the trusted ones.",
    select="audited-trust",
)
preset(
    "trusted-mix",
    Composition,
    "Buy 50 labels and train on them, with more weight, beside the weak labels.",
    select="trusted",
    relabel="trusted",
)
preset(
    "consistency-relabel",
    Composition,
    "Train on a naive student's answers where they stay the same as inputs are changed a little.",
    relabel="consistency-relabel",
)
preset(
    "consistency-filter",
    Composition,
    "Leave out the weak labels that a naive student repeats least as inputs are changed a little.",
    select="consistency-filter",
)
preset(
    "label-propagation",
    Composition,
    "Train on weak labels that were spread over nearest neighbours.",
    relabel="label-propagation",
)
preset(
    "two-views",
    Composition,
    "Train on weak label times the answer of students not trained on it, over the class shares.",
    relabel="two-views",
)
preset(
    "balanced-labels",
    Composition,
    "Train on the class that the supervisor finds more likely than usual.",
    relabel="balanced",
)
preset(
    "balanced-confidence",
    Composition,
    "Train on balanced labels, and on the student's own confident answers as training goes on.",
    relabel="balanced",
    objective="confidence",
)
