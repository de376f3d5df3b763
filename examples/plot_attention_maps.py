"""
What does attention look at?
============================

An attention map shows which tokens each token attends to: each row contains the weights of all
tokens for one query token. In the first part a network answers a question about a text, and its
maps show the two steps of the answer. In the second part attention between two sequences learns to
translate, and its map is the alignment of the words.
"""

# %%
# A question about a text
# -----------------------
# Each text states who wears which colour and then asks about one of the names. To answer, the last
# word has to attend to the same name in the text and to the word after it.

import matplotlib.pyplot as plt
import numpy as np
import torch
from sklearn.pipeline import make_pipeline
from torch import nn

from ibestimators import AttentionClassifier, AttentionMapDisplay, TextTokenizer
from ibestimators.attention import MultiHeadAttention

rng = np.random.default_rng(0)
NAMES = ["ann", "bob", "cyd", "dan", "eve", "fay"]
COLOURS = ["red", "blue", "green", "gold"]


def text_and_answer() -> tuple[str, str]:
    who, wears = rng.permutation(NAMES)[:3], rng.choice(COLOURS, 3)
    asked = rng.integers(3)
    facts = " ".join(f"{name} {colour}" for name, colour in zip(who, wears, strict=True))
    return f"{facts} ? {who[asked]}", wears[asked]


texts, answers = zip(*(text_and_answer() for _ in range(3500)), strict=True)
model = make_pipeline(
    TextTokenizer(),
    AttentionClassifier(
        embedding_size=32,
        n_heads=2,
        mask="causal",
        readout="last",
        random_state=0,
    ),
)
model.fit(texts[:3000], answers[:3000])
accuracy = model.score(texts[3000:], answers[3000:])
print(f"accuracy on new texts: {accuracy:.3f} (chance {1 / len(COLOURS):.2f})")

# %%
# Rows are queries, columns are keys. The mask is causal: a token attends to itself and to the
# tokens before it, so all weights above the diagonal are 0.

new_texts, new_answers = list(texts[3000:]), answers[3000:]
drawn = next(i for i, text in enumerate(new_texts) if len(set(text.split())) == 7)
print(f"{new_texts[drawn]!r}: {new_answers[drawn]}")
display = AttentionMapDisplay.from_estimator(model, new_texts, sample=drawn)
maps = np.stack(display.weights)  # (texts, layers, heads, queries, keys)
print(f"shape of the maps: {maps.shape}")
print(f"largest weight above the diagonal: {np.triu(maps, 1).max():.1f}")
print(f"rows sum to 1, within {abs(maps.sum(-1) - 1).max():.0e}")

fig = plt.figure(figsize=(8, 7), layout="constrained")
display.plot(fig.subplots(2, 2))

# %%
# The prediction is computed from the last row of the last layer. A colour token contains the name
# that it belongs to if it attended to the name before it in the first layer. We average both
# attention weights over all new texts, for each head.

words = np.array([text.split() for text in new_texts])
asked = (words[:, :6:2] == words[:, [-1]]).argmax(1)  # which of the three names
colour = 2 * asked + 1  # the position of its colour
row = np.arange(len(words))
to_colour = maps[row, 1, :, -1, colour].mean(0)  # of each head of the last layer
to_name = maps[row, 0, :, colour, colour - 1].mean(0)  # of each head of the first layer
print("first layer, from the colour to its name: ", to_name.round(2), "by head")
print("last layer, from the question to the colour:", to_colour.round(2), "by head")
print(f"uniform attention would give {1 / 8:.2f}")

# %%
# From one sequence to another
# ----------------------------
# In cross-attention the queries come from one sequence and the keys and values from another.
# English sentences are translated into Spanish: each Spanish word attends to the English words to
# predict the next Spanish word. An adjective moves behind its noun, and an adverb from the first
# place to the last; either may be missing.

NOUNS = {"cow": "vaca", "moon": "luna", "rose": "rosa", "hen": "gallina", "queen": "reina"}
ADJECTIVES = {"old": "vieja", "white": "blanca", "new": "nueva", "red": "roja", "tall": "alta"}
VERBS = {"sings": "canta", "falls": "cae", "waits": "espera", "grows": "crece", "runs": "corre"}
ADVERBS = {"today": "hoy", "here": "aquí", "now": "ahora", "again": "otra vez"}
WORDS = {"the": "la", ".": "."} | NOUNS | ADJECTIVES | VERBS | ADVERBS
ENGLISH, SPANISH = list(WORDS), [*WORDS.values(), "start"]
START, LONGEST, UNUSED = len(WORDS), 6, -100


def sentence() -> tuple[list[int], list[int]]:
    """English words by number, and for each Spanish word the position of the English one."""
    noun, adjective, verb, adverb = (
        ENGLISH.index(rng.choice(list(kind))) for kind in (NOUNS, ADJECTIVES, VERBS, ADVERBS)
    )
    early, described = rng.integers(2, size=2)  # is there an adverb, an adjective?
    words = [adverb] * early + [0] + [adjective] * described + [noun, verb, 1]
    middle = [0, 2, 1, 3] if described else [0, 1, 2]
    return words, [early + place for place in middle] + [0] * early + [len(words) - 1]


def padded(rows: list[list[int]]) -> torch.Tensor:
    return torch.tensor([row + [UNUSED] * (LONGEST - len(row)) for row in rows])


sentences = [sentence() for _ in range(1200)]
english, alignment = (padded(list(rows)) for rows in zip(*sentences, strict=True))
seen = english != UNUSED
# English and Spanish words have the same numbers, so that the translation is a matter of order.
following = english.gather(1, alignment.clamp(min=0)).masked_fill(~seen, UNUSED)
previous = torch.cat([torch.full((len(english), 1), START), following[:, :-1]], 1).clamp(min=0)

torch.manual_seed(0)
embed_english, embed_spanish = nn.Embedding(START, 16), nn.Embedding(START + 1, 16)
attention, next_word = MultiHeadAttention(16, n_heads=1), nn.Linear(16, START)
parts = nn.ModuleList([embed_english, embed_spanish, attention, next_word])
optimizer = torch.optim.Adam(parts.parameters(), lr=0.01)


def translated(rows: slice) -> torch.Tensor:
    """Scores of the next Spanish word: (sentences, words, vocabulary)."""
    asking, answering = embed_spanish(previous[rows]), embed_english(english[rows].clamp(min=0))
    return next_word(attention(asking, answering, mask=seen[rows][:, None, None]))


for _ in range(300):
    scores = translated(slice(0, 1000))
    loss = nn.functional.cross_entropy(scores.flatten(0, 1), following[:1000].flatten())
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()

# %%
# The network was trained on the next word only, not on its position in the English sentence. Its
# map shows the alignment: where there is a choice of words, the largest entry of the row is the
# translated word. "La" and the full stop are the same in every sentence, so they need no
# information from the English words, and their rows are arbitrary.

new = slice(1000, None)
with torch.no_grad():
    right = (translated(new).argmax(-1) == following[new])[seen[new]].float().mean()
example = next(i for i in range(1000, 1200) if len(sentences[i][0]) == LONGEST)
rows = slice(example, example + 1)
pair = previous[example], following[example]
fig, ax = plt.subplots(figsize=(5, 4.2), layout="constrained")
AttentionMapDisplay.from_module(
    attention,
    embed_spanish(previous[rows]),
    embed_english(english[rows]),
    queries=[f"{SPANISH[a]} → {SPANISH[b]}" for a, b in zip(*pair, strict=True)],
    keys=[ENGLISH[word] for word in english[example]],
    ax=ax,
)

cross = AttentionMapDisplay.from_module(
    attention,
    embed_spanish(previous[new]),
    embed_english(english[new].clamp(min=0)),
    mask=seen[new][:, None, None],
)
on_it = np.stack(cross.weights)[:, 0, 0].argmax(-1) == alignment[new].numpy()
choice = (following[new] > ENGLISH.index(".")).numpy()
no_choice = seen[new].numpy() & ~choice
aligned = on_it[choice].mean()
print(f"accuracy of the next word: {right:.3f}")
print(f"largest weight on the translated word, where there is a choice: {aligned:.3f}")
print(f"where there is no choice: {on_it[no_choice].mean():.3f}")

# %%
# Attention attends to the tokens that the task needs, if the task has no other solution:

print(
    f"Asked about a name, the last word gives {to_colour.max():.2f} of a head's attention to the "
    f"colour of that name, among 8 words, and answers with accuracy {accuracy:.3f}. In "
    f"translation the largest weight is on the translated word in {aligned:.0%} of the rows with a "
    "choice."
)
plt.show()
