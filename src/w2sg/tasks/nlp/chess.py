"""Chess puzzles as text: is this the best move?"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from w2sg.core import MissingExtraError
from w2sg.tasks.choices import Row, RowError, as_text
from w2sg.tasks.nlp.shapes import Candidates, Texts

if TYPE_CHECKING:
    import chess


@dataclass(frozen=True, kw_only=True)
class Puzzles(Candidates):
    """Puzzles of the Lichess database: the first move of the solution against another legal move.

    The position in `FEN` is that before the opponent's move, which is the first of `Moves`; the second is the solution.
    The template names the position after the opponent's move `{position}`, that move `{last}`, who is to move `{side}`
    and the candidate `{answer}`, moves in standard algebraic notation. A wrong candidate never gives mate: any mate
    solves a puzzle. A puzzle whose position has no other move gives no text.
    """

    def _read(self) -> Sequence[str]:
        return ("FEN", "Moves")

    def texts(self, row: Row, draw: float) -> Texts:
        """Return the text with the solution and the text with another legal move that is drawn."""
        library = _library()
        moves = as_text(row.get("Moves"), "Moves").split()
        if len(moves) < 2:
            raise RowError(f"column 'Moves' needs the opponent's move and the solution, got {moves}: drop the row")
        board = _board(library, as_text(row.get("FEN"), "FEN"))
        last = board.san(_move(board, moves[0]))
        board.push(_move(board, moves[0]))
        right = _move(board, moves[1])
        others = [move for move in board.legal_moves if move != right and not _mates(board, move)]
        if not others:
            return []
        # Sorted by name, for the order in which the library lists moves may change with its version.
        wrong = sorted(others, key=lambda move: move.uci())[int(draw * len(others))]
        shown = {"position": board.fen(), "last": last, "side": "White" if board.turn else "Black"}
        return [(self.filled(row, answer=board.san(move), **shown), label) for move, label in ((right, 1), (wrong, 0))]


def _library() -> Any:
    try:
        import chess
    except ImportError:
        raise MissingExtraError("chess", "chess") from None
    return chess


def _board(library: Any, fen: str) -> "chess.Board":
    try:
        board: chess.Board = library.Board(fen)
    except ValueError as error:
        raise RowError(f"column 'FEN' holds no position ({error}): mend it or drop the row") from None
    if not board.is_valid():
        raise RowError(f"column 'FEN' holds no position that the rules allow ({fen!r}): mend it or drop the row")
    return board


def _move(board: "chess.Board", text: str) -> "chess.Move":
    try:
        return board.parse_uci(text)
    except ValueError:
        raise RowError(
            f"column 'Moves': {text!r} is no legal move in {board.fen()!r}: mend it or drop the row"
        ) from None


def _mates(board: "chess.Board", move: "chess.Move") -> bool:
    board.push(move)
    mate = bool(board.is_checkmate())
    board.pop()
    return mate
