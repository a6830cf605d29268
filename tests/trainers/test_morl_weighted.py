"""Policies of one network for many weights: what they do, and how often the network is asked."""

import numpy as np
import pytest
import torch

weighted = pytest.importorskip("automl.trainers.morl.baselines.weighted", reason="pip install 'automl-search[morl]'")

WEIGHTS = np.stack([np.linspace(0.0, 1.0, 11), 1 - np.linspace(0.0, 1.0, 11)], axis=1)


class Network(torch.nn.Module):
    """Values of three actions, from an observation of two numbers and two weights."""

    def __init__(self):
        super().__init__()
        torch.manual_seed(0)
        self.layer = torch.nn.Linear(4, 6)
        self.asked = 0

    def forward(self, observations, weights):
        self.asked += 1
        return self.layer(torch.cat((observations, weights), dim=1)).view(-1, 3, 2)


def alone(network, weights, observation):
    values = network(torch.tensor(np.array([observation], np.float32)), torch.tensor([weights]).float())[0]
    return int((values @ torch.tensor(weights).float()).argmax())


def test_each_policy_takes_its_own_best_action_and_a_place_is_asked_about_once():
    network = Network()
    policies = weighted.Weighted(network, WEIGHTS).policies(None)
    places = [np.array([x, y], np.float32) for x in (-1.0, 0.0, 2.0) for y in (-2.0, 1.0)]
    found = [[policy.start()(place, np.zeros(2)) for place in places] for policy in policies]
    assert network.asked == len(places)
    assert found == [[alone(network, weights, place) for place in places] for weights in WEIGHTS]
    assert len({tuple(row) for row in found}) > 1


def test_beyond_what_is_remembered_each_policy_is_asked_for_itself(monkeypatch):
    monkeypatch.setattr(weighted, "MOST", 1)
    network = Network()
    policies = weighted.Weighted(network, WEIGHTS).policies(lambda seen: np.array([seen, 1.0]))
    first = [policy.start()(0, np.zeros(2)) for policy in policies]
    second = [policy.start()(1, np.zeros(2)) for policy in policies]
    assert network.asked == 1 + len(policies)
    assert first == [alone(network, weights, [0.0, 1.0]) for weights in WEIGHTS]
    assert second == [alone(network, weights, [1.0, 1.0]) for weights in WEIGHTS]
