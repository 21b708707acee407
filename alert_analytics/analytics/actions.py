"""Did somebody act on an alert? The one definition, for how good alerts are and for what a change would miss.

Somebody *acted* on an alert that was acknowledged, or that was resolved by hand. Nobody did where that is known: the
alert's source tells of people (anywhere in the history one of its alerts was acknowledged or resolved by hand), and the
alert is open, or it is said that it ended otherwise (by itself, by expiring, by being cancelled). Of all others it is
*unsaid*: they ended and nothing says how, or their source tells of nobody's doing. Silence is not evidence.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]

UNSAID, AUTOMATIC, MANUAL, OTHERWISE = 0, 1, 2, 3
"""How an alert ended; :data:`UNSAID` also where it has not. The queries that read alerts give these codes."""


@dataclass(frozen=True, eq=False)
class Actions:
    """What is known of people's doing, alert by alert.

    Attributes
    ----------
    is_acted_on : ndarray of bool, shape (n,)
        Somebody acknowledged it or resolved it by hand, by the watermark.
    is_unsaid : ndarray of bool, shape (n,)
        Nobody is known to have, and nothing says that nobody did.
    tells : ndarray of bool, shape (n,)
        Whether its source tells of people.
    """

    is_acted_on: Bools
    is_unsaid: Bools
    tells: Bools

    @classmethod
    def of(cls, source: Ints, is_acknowledged: Bools, is_over: Bools, ending: npt.NDArray[np.int8]) -> Actions:
        """Say what is known of each alert.

        Parameters
        ----------
        source : ndarray of int, shape (n,)
            A code from 0 for each tenant and source.
        is_acknowledged, is_over : ndarray of bool, shape (n,)
            By the watermark.
        ending : ndarray of int8, shape (n,)
            One of the codes of this module.

        Returns
        -------
        Actions
            Alert by alert.

        Examples
        --------
        >>> import numpy as np
        >>> source, no, yes = np.array([0, 0, 1]), np.zeros(3, dtype=bool), np.ones(3, dtype=bool)
        >>> found = Actions.of(source, no, yes, np.array([MANUAL, UNSAID, AUTOMATIC], dtype=np.int8))
        >>> found.is_acted_on.tolist(), found.is_unsaid.tolist()
        ([True, False, False], [False, True, True])
        """
        acted = is_acknowledged | (is_over & (ending == MANUAL))
        of_source = np.zeros(int(source.max(initial=-1)) + 1, dtype=np.bool_)
        of_source[source[acted]] = True
        tells = of_source[source]
        return cls(acted, ~acted & (~tells | (is_over & (ending == UNSAID))), tells)
