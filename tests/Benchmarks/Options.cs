using System.Globalization;

namespace Antaca.Benchmarks;

/// <summary>A benchmark's options as they were typed: <c>--name number</c>, or a flag.</summary>
internal sealed class Options
{
    private readonly Dictionary<string, int?> _given = [];

    /// <exception cref="ArgumentException">An option that is not among <paramref name="known"/>.</exception>
    public Options(IReadOnlyList<string> typed, params string[] known)
    {
        for (var place = 0; place < typed.Count; place++)
        {
            var name = typed[place];
            if (!known.Contains(name))
            {
                throw new ArgumentException($"Unknown: {name}. There is: {string.Join(", ", known)}.", nameof(typed));
            }
            _given[name] = place + 1 < typed.Count && int.TryParse(typed[place + 1], NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : null;
            place += _given[name] is null ? 0 : 1;
        }
    }

    public bool Has(string name) => _given.ContainsKey(name);

    public int Number(string name, int otherwise) => _given.GetValueOrDefault(name) ?? otherwise;
}
