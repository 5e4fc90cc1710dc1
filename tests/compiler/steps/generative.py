"""GANs, VAEs, diffusion, discrete choices."""

from __future__ import annotations

from typing import Any

import tinygrad_nn as tg
from tests.compiler.steps.common import entering
from tests.compiler.steps.scene import Scene, batches, step
from tests.compiler.steps.training import mlp
from tinygrad_nn import distributions, nn, optim
from tinygrad_nn.nn import functional as F


@step("generative/gan")
def _(compile: Any) -> Scene:
    g, d = mlp(), nn.Sequential(nn.Linear(3, 6), nn.LeakyReLU(0.2), nn.Linear(6, 1))
    og, od = optim.Adam(g.parameters(), 0.01, (0.5, 0.9)), optim.Adam(d.parameters(), 0.01, (0.5, 0.9))

    @compile
    def run(real: Any) -> Any:
        fake = g(tg.randn(4, 5))
        od.zero_grad()
        loss_d = F.binary_cross_entropy_with_logits(d(real), tg.ones(4, 1)) + F.binary_cross_entropy_with_logits(
            d(fake.detach()), tg.zeros(4, 1)
        )
        loss_d.backward()
        od.step()
        og.zero_grad()
        loss_g = F.binary_cross_entropy_with_logits(d(fake), tg.ones(4, 1))
        loss_g.backward()
        og.step()
        return loss_d, loss_g

    return Scene(run, batches((4, 3)), [g, d, og, od])


@step("generative/gan-two-functions")
def _(compile: Any) -> Scene:
    g, d = mlp(), nn.Sequential(nn.Linear(3, 6), nn.BatchNorm1d(6), nn.LeakyReLU(0.2), nn.Linear(6, 1), nn.Sigmoid())
    og, od = optim.Adam(g.parameters(), 0.01), optim.Adam(d.parameters(), 0.01)

    @compile
    def critic(real: Any, z: Any) -> Any:
        od.zero_grad()
        loss = F.binary_cross_entropy(d(real), tg.ones(4, 1)) + F.binary_cross_entropy(d(g(z).detach()), tg.zeros(4, 1))
        loss.backward()
        od.step()
        return loss

    @compile
    def generator(z: Any) -> Any:
        og.zero_grad()
        loss = F.binary_cross_entropy(d(g(z)), tg.ones(4, 1))
        loss.backward()
        og.step()
        return loss

    return Scene(lambda real, z: (critic(real, z), generator(z)), batches((4, 3), (4, 5)), [g, d, og, od])


@step("generative/wgan-clip")
def _(compile: Any) -> Scene:
    g, d = mlp(), nn.Sequential(nn.Linear(3, 6), nn.ReLU(), nn.Linear(6, 1))
    od, og = optim.RMSprop(d.parameters(), 0.01), optim.RMSprop(g.parameters(), 0.01)

    @compile
    def run(real: Any, z: Any) -> Any:
        od.zero_grad()
        loss = d(g(z).detach()).mean() - d(real).mean()
        loss.backward()
        od.step()
        for p in d.parameters():
            p.data.clamp_(-0.05, 0.05)
        og.zero_grad()
        (-d(g(z)).mean()).backward()
        og.step()
        return loss

    return Scene(run, batches((4, 3), (4, 5)), [g, d])


@step("generative/wgan-gp")
def _(compile: Any) -> Scene:
    d = nn.Sequential(nn.Linear(3, 6), nn.Softplus(), nn.Linear(6, 1))
    od = optim.Adam(d.parameters(), 0.01)

    @compile
    def run(real: Any, fake: Any) -> Any:
        t = tg.rand(4, 1)
        mixed = (t * real + (1 - t) * fake).requires_grad_()
        (slope,) = tg.autograd.grad(d(mixed).sum(), mixed, create_graph=True)
        loss = d(fake).mean() - d(real).mean() + 10 * ((slope.norm(2, 1) - 1) ** 2).mean()
        od.zero_grad()
        loss.backward()
        od.step()
        return loss

    return Scene(run, batches((4, 3), (4, 3)), [d, od])


class _VAE(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.encoder, self.decoder = nn.Linear(5, 6), nn.Linear(3, 5)

    def forward(self, x: Any) -> Any:
        mu, logvar = self.encoder(x).chunk(2, 1)
        z = mu + (0.5 * logvar).exp() * tg.randn_like(mu)
        return self.decoder(z), mu, logvar


@entering("generative/vae", make=_VAE, data=((4, 5),), opt=lambda p: optim.Adam(p, 0.01))
def _(net: Any, opt: Any, x: Any) -> Any:
    opt.zero_grad()
    out, mu, logvar = net(x)
    kl = -0.5 * (1 + logvar - mu**2 - logvar.exp()).sum(1).mean()
    loss = F.mse_loss(out, x) + kl
    loss.backward()
    opt.step()
    return loss, kl


class _SplitVAE(_VAE):
    def forward(self, x: Any) -> Any:
        mu, logvar = self.encoder(x).split(3, dim=1)
        q = distributions.Normal(mu, (0.5 * logvar).exp())
        return self.decoder(q.rsample()), mu, logvar


@entering("generative/vae-distributions", make=_SplitVAE, data=((4, 5),))
def _(net: Any, opt: Any, x: Any) -> Any:
    opt.zero_grad()
    out, mu, logvar = net(x)
    loss = F.mse_loss(out, x) + (mu.data**2).mean() + logvar.square().mean()
    loss.backward()
    opt.step()
    return loss


@entering("generative/diffusion", data=((4, 3),), make=lambda: nn.Linear(4, 3), opt=lambda p: optim.AdamW(p, 0.01))
def _(net: Any, opt: Any, x: Any) -> Any:
    alphas = tg.linspace(0.99, 0.5, 10)
    t = tg.randint(0, 10, (4,))
    noise = tg.randn_like(x)
    a = alphas[t][:, None]
    noisy = a.sqrt() * x + (1 - a).sqrt() * noise
    loss = F.mse_loss(net(tg.cat([noisy, t[:, None] / 10], 1)), noise)
    opt.zero_grad()
    loss.backward()
    opt.step()
    return loss


@entering("generative/autoencoder-noise", make=lambda: nn.Sequential(nn.Linear(5, 2), nn.ReLU(), nn.Linear(2, 5)))
def _(net: Any, opt: Any, x: Any, y: Any) -> Any:
    opt.zero_grad()
    loss = F.mse_loss(net(x + 0.1 * tg.randn(4, 5)), x)
    loss.backward()
    opt.step()
    return loss


@entering("generative/gumbel-softmax")
def _(net: Any, opt: Any, x: Any, y: Any) -> Any:
    opt.zero_grad()
    logits = net(x)
    soft = F.softmax((logits - tg.log(-tg.log(tg.rand_like(logits) + 1e-9) + 1e-9)) / 0.5, 1)
    hard = F.one_hot(soft.argmax(1), 3).float()
    loss = ((hard - soft).detach() + soft).square().mean() + logits.mean()
    loss.backward()
    opt.step()
    return loss


@entering("generative/straight-through")
def _(net: Any, opt: Any, x: Any, y: Any) -> Any:
    opt.zero_grad()
    h = net(x)
    q = h + (h.round() - h).detach()
    loss = F.cross_entropy(q, y)
    loss.backward()
    opt.step()
    return loss
