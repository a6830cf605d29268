"""Layers against their definitions: sparse products, the seven attention functions, published layers, dropout."""

import math

import pytest
import torch
import torch.nn.functional as F

from automl.search_spaces.gnn import Gnn, Layer, shapes, size
from automl.search_spaces.gnn.limits import AGGREGATES, ATTENTIONS
from automl.trainers.gnn import chunked
from automl.trainers.gnn.attention import Attend
from automl.trainers.gnn.chunked import row_max, tanh_scores
from automl.trainers.gnn.dropout import dropout
from automl.trainers.gnn.features import SparseRows, dropped, times
from automl.trainers.gnn.layer import MessagePassing
from automl.trainers.gnn.network import Frame, Network
from automl.trainers.gnn.sparse import Pattern, edge_sums, product, products, row_softmax
from automl.trainers.gnn.wiring import Wiring

NODES = 9


@pytest.fixture
def edges():
    draw = torch.Generator().manual_seed(1)
    return torch.randint(NODES, (2, 20), generator=draw)


@pytest.fixture
def wiring(edges):
    return Wiring(edges, NODES)


@pytest.fixture(autouse=True)
def seeded():
    with torch.random.fork_rng():
        torch.manual_seed(0)
        yield


def dense(pattern, values):
    """Matrices (heads, rows, columns) of values (entries, heads)."""
    made = values.new_zeros(values.shape[1], *pattern.shape)
    made[:, pattern.rows, pattern.cols] = values.t()
    return made


def doubles(*shape):
    return torch.randn(*shape, dtype=torch.float64, requires_grad=True)


@pytest.fixture(params=[chunked.CHUNK, 40], ids=["whole", "chunks"])
def chunk(request, monkeypatch):
    monkeypatch.setattr(chunked, "CHUNK", request.param)


@pytest.fixture
def pattern():
    """A matrix of 4 rows and 6 columns, none of its rows empty, in double precision, which gradcheck needs."""
    before = torch.get_default_dtype()
    torch.set_default_dtype(torch.float64)
    yield Pattern(torch.tensor([0, 0, 1, 1, 1, 2, 3, 3]), torch.tensor([1, 4, 0, 1, 5, 2, 2, 5]), (4, 6))
    torch.set_default_dtype(before)


@pytest.mark.parametrize("heads", [1, 3])
def test_products_are_what_dense_matrices_give_and_so_are_their_gradients(pattern, heads):
    values, rows, columns = doubles(len(pattern), heads), doubles(4, heads, 2), doubles(6, heads, 2)
    whole = torch.einsum("hij,jhd->ihd", dense(pattern, values), columns)
    torch.testing.assert_close(product(values, columns, pattern), whole)
    inner = torch.einsum("ehd,ehd->eh", rows[pattern.rows], columns[pattern.cols])
    torch.testing.assert_close(products(rows, columns, pattern), inner)
    assert torch.autograd.gradcheck(lambda v, c: product(v, c, pattern), (values, columns))
    assert torch.autograd.gradcheck(lambda r, c: products(r, c, pattern), (rows, columns))


@pytest.mark.parametrize("heads", [1, 3])
def test_softmax_and_sums_over_edges(pattern, heads):
    scores = doubles(len(pattern), heads)
    whole = dense(pattern, scores).masked_fill(dense(pattern, torch.ones_like(scores)) == 0, -math.inf).softmax(dim=2)
    torch.testing.assert_close(row_softmax(scores, pattern), whole[:, pattern.rows, pattern.cols].t())
    assert torch.autograd.gradcheck(lambda s: row_softmax(s, pattern), (scores,))
    assert torch.autograd.gradcheck(lambda a, b: edge_sums(a, b, pattern), (doubles(4, heads), doubles(6, heads)))
    far = row_softmax(1e4 * scores, pattern)
    assert far.isfinite().all(), "large scores overflow"


@pytest.mark.parametrize("heads", [1, 3])
def test_the_largest_message(pattern, heads, chunk):
    values, columns = doubles(len(pattern), heads), doubles(6, heads, 9)
    messages = values[:, :, None] * columns[pattern.cols]
    whole = torch.stack([messages[pattern.rows == row].amax(dim=0) for row in range(4)])
    torch.testing.assert_close(row_max(values, columns, pattern), whole)
    assert torch.autograd.gradcheck(lambda v, c: row_max(v, c, pattern), (values, columns))


@pytest.mark.parametrize("heads", [1, 3])
def test_scores_from_a_tanh(pattern, heads, chunk):
    left, right, weight = doubles(4, heads, 9), doubles(6, heads, 9), doubles(heads, 9)
    bent = torch.tanh(left[pattern.rows] + right[pattern.cols])
    torch.testing.assert_close(tanh_scores(left, right, weight, pattern), (bent * weight).sum(dim=2))
    assert torch.autograd.gradcheck(lambda a, b, w: tanh_scores(a, b, w, pattern), (left, right, weight))


def score(attention, vectors, h, i, j, degree):
    """One score by its formula in the paper, of one head."""

    def gat(a, b):
        return F.leaky_relu(vectors[0] @ h[a] + vectors[1] @ h[b], 0.2)

    formulas = {
        "const": lambda: torch.tensor(1.0),
        "gcn": lambda: 1 / torch.sqrt(degree[i] * degree[j]),
        "gat": lambda: gat(i, j),
        "sym-gat": lambda: gat(i, j) + gat(j, i),
        "cos": lambda: (vectors[0] * h[i]) @ (vectors[1] * h[j]),
        "linear": lambda: torch.tanh(vectors[0] @ h[j]),
        "gene-linear": lambda: vectors[2] @ torch.tanh(vectors[0] * h[i] + vectors[1] * h[j]),
        "own": lambda: torch.tensor(1.0 if i == j else 0.0),
    }
    return formulas[attention]()


@pytest.mark.parametrize("attention", ATTENTIONS)
def test_attention_is_its_formula(attention, wiring):
    attend, h = Attend(attention, 2, 3), torch.randn(NODES, 2, 3)
    found = attend(h, wiring)
    for head in range(found.shape[1]):
        vectors = attend.vectors[:, head] if attend.trained else None
        raw = torch.stack(
            [
                score(attention, vectors, h[:, head], i, j, wiring.degree)
                for i, j in zip(wiring.edges.rows, wiring.edges.cols, strict=True)
            ]
        )
        if attend.trained:
            raw = torch.cat([raw[wiring.edges.rows == i].softmax(dim=0) for i in range(NODES)])
        torch.testing.assert_close(found[:, head], raw)


def published(conv, layer):
    """Give a published layer the parameters of ours."""
    state = {"bias": layer.bias.detach(), "lin.weight": layer.project.detach().t()}
    if layer.attend.trained:
        state["att_dst"], state["att_src"] = layer.attend.vectors.detach().unsqueeze(1)
    conv.load_state_dict(state)
    return conv.eval()


@pytest.mark.parametrize(("heads", "last"), [(1, False), (4, False), (4, True)])
def test_gat_and_gcn_are_the_layers_of_pytorch_geometric(heads, last, edges, wiring):
    pyg = pytest.importorskip("torch_geometric.nn")
    candidate = Gnn(tuple(Layer(3, heads, "gat", "sum", "identity", "linear") for _ in range(1 if last else 2)))
    shape, x = shapes(candidate, 5, "node")[0], torch.randn(NODES, 5)
    layer = MessagePassing(candidate.layers[0], shape).eval()
    loops = edges[:, edges[0] != edges[1]].unique(dim=1)
    conv = published(pyg.GATConv(5, 3, heads, concat=not last), layer)
    torch.testing.assert_close(layer(x, wiring, 0.6), conv(x, loops))
    layer = MessagePassing(Layer(3, 1, "gcn", "sum", "identity", "linear"), shapes(candidate, 5, "node")[-1]).eval()
    if heads == 1:
        both = torch.cat([loops, loops.flip(0)], dim=1).unique(dim=1)
        conv = published(pyg.GCNConv(layer.project.shape[0], 3), layer)
        inputs = torch.randn(NODES, layer.project.shape[0])
        torch.testing.assert_close(layer(inputs, Wiring(both, NODES), 0.0), conv(inputs, both))


@pytest.mark.parametrize("attention", ATTENTIONS)
@pytest.mark.parametrize("aggregate", AGGREGATES)
def test_every_layer_has_the_size_it_is_counted_with_and_learns(attention, aggregate, wiring):
    candidate = Gnn(
        (
            Layer(4, 2, attention, aggregate, "mlp", "elu"),
            Layer(3, 2, attention, aggregate, "identity", "relu"),
        )
    )
    network = Network(candidate, Frame(5, 3, "node", norm="layer", final_activation=False, dropout=0.3))
    assert sum(p.numel() for p in network.parameters()) == size(candidate, 5, 3, "node")
    made = network.train()(torch.randn(NODES, 5), wiring)
    assert made.shape == (NODES, 3)
    made.square().sum().backward()
    assert all(p.grad is not None and p.grad.isfinite().all() for p in network.parameters())
    assert all(p.grad.abs().sum() > 0 for n, p in network.named_parameters() if n.endswith("project"))


def test_a_mean_divides_by_the_number_of_neighbours(wiring):
    shape = shapes(Gnn((Layer(3, 1, "const", "mean", "identity", "linear"),)), 5, "node")[0]
    layer, x = MessagePassing(Layer(3, 1, "const", "mean", "identity", "linear"), shape), torch.randn(NODES, 5)
    neighbours = dense(wiring.edges, wiring.ones)[0]
    torch.testing.assert_close(layer(x, wiring, 0.0), neighbours / neighbours.sum(1, keepdim=True) @ x @ layer.project)


@pytest.mark.parametrize("aggregate", AGGREGATES)
def test_who_hears_itself_alone_has_a_layer_without_edges(aggregate, wiring):
    shape = shapes(Gnn((Layer(3, 2, "own", aggregate, "identity", "linear"),)), 5, "node")[0]
    layer, x = MessagePassing(Layer(3, 2, "own", aggregate, "identity", "linear"), shape), torch.randn(NODES, 5)
    torch.testing.assert_close(layer(x, wiring, 0.0), (x @ layer.project).unflatten(1, (2, 3)).mean(dim=1))


def test_predict_then_propagate_is_appnp_of_pytorch_geometric(wiring):
    pyg = pytest.importorskip("torch_geometric.nn")
    layers = (Layer(8, 1, "own", "sum", "identity", "relu"), Layer(3, 1, "own", "sum", "identity", "linear"))
    frame = Frame(5, 3, "node", norm="layer", final_activation=False)
    candidate = Gnn(layers, norm="none", steps=4, teleport=0.2)
    network, x = Network(candidate, frame).eval(), torch.randn(NODES, 5)
    assert network.depth == 6
    both = torch.stack([wiring.edges.cols, wiring.edges.rows])
    both = torch.cat([both, both.flip(0)], dim=1).unique(dim=1)
    predicted = torch.relu(x @ network.layer0.project) @ network.layer1.project
    expected = pyg.APPNP(4, 0.2)(predicted, both[:, both[0] != both[1]])
    torch.testing.assert_close(network(x, Wiring(both, NODES)), expected)


@pytest.mark.parametrize("norm", ["none", "batch", "layer"])
def test_a_network_with_a_norm_of_its_own_has_that(norm, wiring):
    candidate = Gnn(tuple(Layer(w, 1, "gcn", "sum", "identity", "relu") for w in (4, 3)), norm=norm)
    network = Network(candidate, Frame(5, 3, "node", norm="layer", final_activation=False))
    kind = {"batch": torch.nn.BatchNorm1d, "layer": torch.nn.LayerNorm}
    assert [type(part) for part in network.children() if "Norm" in type(part).__name__] == [
        kind[name] for name in [norm] if name in kind
    ]
    assert sum(p.numel() for p in network.parameters()) == size(candidate, 5, 3, "node")


@pytest.mark.parametrize("skip", ["none", "residual", "jumping"])
def test_skip_connections_have_the_size_they_are_counted_with(skip, wiring):
    layers = tuple(Layer(w, 2, "gcn", "sum", "identity", "relu") for w in (4, 4, 5, 3))
    candidate = Gnn(layers, skip=skip)
    network = Network(candidate, Frame(5, 3, "node", norm="layer", final_activation=False))
    assert sum(p.numel() for p in network.parameters()) == size(candidate, 5, 3, "node")
    assert network(torch.randn(NODES, 5), wiring).shape == (NODES, 3)
    assert [name for name, _ in network.named_children() if "skip" in name] == (
        ["skip2", "skip3"] if skip == "residual" else []
    )


def test_an_activation_on_logits_is_the_trainers_choice(wiring):
    candidate, x = Gnn((Layer(3, 1, "gcn", "sum", "identity", "relu"),)), torch.randn(NODES, 5)
    plain, literal = (Network(candidate, Frame(5, 3, "node", True, final)) for final in (False, True))
    literal.load_state_dict(plain.state_dict())
    torch.testing.assert_close(literal(x, wiring), plain(x, wiring).relu())


def test_a_graph_is_wired_once_whatever_the_list_of_edges(edges):
    plain = Wiring(edges, NODES)
    untidy = Wiring(torch.cat([edges, edges, torch.tensor([[2], [2]])], dim=1)[:, torch.randperm(41)], NODES)
    assert torch.equal(plain.edges.rows, untidy.edges.rows)
    assert torch.equal(plain.edges.cols, untidy.edges.cols)
    alone = Wiring(torch.empty(2, 0, dtype=torch.int64), 3)
    assert alone.edges.rows.tolist() == alone.edges.cols.tolist() == [0, 1, 2]


def test_sparse_features_are_dense_ones_without_their_zeros():
    x = torch.randn(6, 8) * (torch.rand(6, 8) < 0.3)
    rows, columns = x.nonzero(as_tuple=True)
    thin = SparseRows(x[rows, columns], Pattern(rows, columns, (6, 8)))
    for width in (1, 5):
        weight = torch.randn(8, width, requires_grad=True)
        torch.testing.assert_close(times(thin, weight), x @ weight)
        (found,) = torch.autograd.grad(times(thin, weight).square().sum(), weight)
        (expected,) = torch.autograd.grad((x @ weight).square().sum(), weight)
        torch.testing.assert_close(found, expected)
    assert dropped(thin, 0.5, training=False).values is thin.values


@pytest.mark.parametrize("rate", [0.2, 0.6])
def test_dropout_keeps_the_right_share_and_the_mean(rate):
    x = torch.ones(400, 501, requires_grad=True)
    made = dropout(x, rate, training=True)
    kept = made[made != 0]
    torch.testing.assert_close(kept, torch.full_like(kept, 1 / (1 - rate)))
    deviation = math.sqrt(rate * (1 - rate) / x.numel())
    assert abs(len(kept) / x.numel() - (1 - rate)) < 5 * deviation
    columns = (made.view(-1)[: 400 * 500].view(-1, 4) != 0).float()
    assert torch.corrcoef(columns.t()).fill_diagonal_(0).abs().max() < 0.02, "masks of one draw depend on each other"
    made.sum().backward()
    assert torch.equal(x.grad, made.detach())
    assert dropout(x, rate, training=False) is x
