"""Figures, their targets, and the table of both."""
import statistics


class Figure:
    """The median of some values, held against a target: at least or at most so much."""

    def __init__(self, measurement, what, values, unit='', at_least=None, at_most=None):
        self.measurement, self.what, self.unit = measurement, what, unit
        self.value = statistics.median(values)
        self.least, self.most = min(values), max(values)
        self.at_least, self.at_most = at_least, at_most

    @property
    def passed(self):
        """None: it has no target."""
        if self.at_least is not None:
            return self.value >= self.at_least
        if self.at_most is not None:
            return self.value <= self.at_most
        return None

    @property
    def target(self):
        if self.at_least is not None:
            return f'>= {number(self.at_least)}'
        return f'<= {number(self.at_most)}' if self.at_most is not None else ''

    @property
    def verdict(self):
        return {None: '', True: 'pass', False: 'MISS'}[self.passed]

    def as_dict(self):
        return {'measurement': self.measurement, 'what': self.what, 'unit': self.unit,
                'median': self.value, 'min': self.least, 'max': self.most,
                'at_least': self.at_least, 'at_most': self.at_most, 'passed': self.passed}

    def row(self):
        spread = '' if self.least == self.most else f'{number(self.least)} .. {number(self.most)}'
        return (f'{self.measurement:7} {self.what:62} {number(self.value):>9} {self.unit:5} '
                f'{spread:22} {self.target:>9} {self.verdict}').rstrip()


HEAD = f'{"":7} {"":62} {"median":>9} {"":5} {"min .. max":22} {"target":>9}'


def number(value):
    """Three digits that count."""
    if value == 0 or abs(value) >= 100:
        return f'{value:.0f}'
    digits = 1 if abs(value) >= 10 else 2 if abs(value) >= 1 else 3
    return f'{value:.{digits}f}'


class Report:
    def __init__(self):
        self.figures, self.problems, self.measurement = [], [], ''

    @property
    def complete(self):
        """Whether all could be measured, whatever came out."""
        return not self.problems

    def begin(self, measurement, what):
        self.measurement = measurement
        print(f'\n== {measurement}: {what}', flush=True)

    def note(self, text):
        print(f'   {text}', flush=True)

    def add(self, what, values, unit='', at_least=None, at_most=None):
        """Values: those of the rounds, or a single one. Gives the median."""
        values = values if isinstance(values, list) else [values]
        figure = Figure(self.measurement, what, values, unit, at_least, at_most)
        self.figures.append(figure)
        print(figure.row(), flush=True)
        return figure.value

    def failed(self, text):
        self.problems.append(f'{self.measurement or "all"}: {text.strip()}')

    def print_table(self):
        """The figures that have a target; the others were printed as they came."""
        judged = [figure for figure in self.figures if figure.passed is not None]
        print(f'\n{HEAD}')
        for figure in judged:
            print(figure.row())
        print(f'{sum(figure.passed for figure in judged)} of {len(judged)} targets met')
        for problem in self.problems:
            print(f'NOT MEASURED {problem}')


def ratios(values, others):
    """Round by round, since the machine's noise hits both alike."""
    return [value / other for value, other in zip(values, others)]
