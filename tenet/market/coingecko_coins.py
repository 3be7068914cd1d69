"""Which of CoinGecko's coins a symbol means. Symbols collide; ids do not."""

from __future__ import annotations

import re
from typing import Any

from tenet.sent import fields, number, text

_TABLE = """
1INCH 1inch
AAVE aave
ADA cardano
ALGO algorand
APE apecoin
APT aptos
ARB arbitrum
ATOM cosmos
AVAX avalanche-2
AXS axie-infinity
BAT basic-attention-token
BCH bitcoin-cash
BNB binancecoin
BONK bonk
BSV bitcoin-cash-sv
BTC bitcoin
CBBTC coinbase-wrapped-btc
CBETH coinbase-wrapped-staked-eth
CHZ chiliz
COMP compound-governance-token
CRO crypto-com-chain
CRV curve-dao-token
DAI dai
DASH dash
DOGE dogecoin
DOT polkadot
EGLD elrond-erd-2
ENJ enjincoin
ENS ethereum-name-service
EOS eos
ETC ethereum-classic
ETH ethereum
FET fetch-ai
FIL filecoin
FLOW flow
FTM fantom
GRT the-graph
HBAR hedera-hashgraph
ICP internet-computer
IMX immutable-x
INJ injective-protocol
KSM kusama
LDO lido-dao
LINK chainlink
LTC litecoin
LUNA terra-luna-2
LUNC terra-luna
MANA decentraland
MATIC matic-network
MKR maker
NEAR near
NEO neo
OP optimism
PEPE pepe
POL polygon-ecosystem-token
QNT quant-network
RENDER render-token
RUNE thorchain
SAND the-sandbox
SHIB shiba-inu
SNX havven
SOL solana
STETH staked-ether
STX blockstack
SUI sui
SUSHI sushi
THETA theta-token
TIA celestia
TON the-open-network
TRX tron
UNI uniswap
USDC usd-coin
USDT tether
VET vechain
WBTC wrapped-bitcoin
XLM stellar
XMR monero
XRP ripple
XTZ tezos
YFI yearn-finance
ZEC zcash
"""
PINNED: dict[str, str] = dict(re.findall(r"(\S+) (\S+)", _TABLE))
"""CoinGecko's id of each common symbol: what people mean by it, whatever else is so called."""


def found(coins: list[Any], symbol: str) -> str | None:
    """The id, among coins that a search gave, of the one that a symbol means.

    The symbol must be exact, in any case; the best rank by market value wins. A coin without a
    rank is taken only where it is the only one of that symbol. None where no one coin is meant.
    """
    ranks = {}
    for coin in map(fields, coins):
        name, sent = text(coin.get("id")), text(coin.get("symbol"))
        if name and sent and sent.casefold() == symbol.casefold():
            ranks[name] = number(coin.get("market_cap_rank"))
    ranked = {name: rank for name, rank in ranks.items() if rank and rank > 0}
    if ranked:
        return min(ranked, key=lambda name: ranked[name])
    return next(iter(ranks)) if len(ranks) == 1 else None
