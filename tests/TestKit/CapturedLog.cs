using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;

namespace Antaca.TestKit;

/// <summary>Everything the services log, kept for the test to search, with exceptions in full.</summary>
public sealed class CapturedLog : ILoggerProvider
{
    private const int MostLines = 100_000;

    private readonly ConcurrentQueue<string> _lines = new();

    public IReadOnlyCollection<string> Lines => _lines;

    public ILogger CreateLogger(string categoryName) => new Line(this, categoryName);

    public void Dispose()
    {
    }

    private sealed class Line(CapturedLog log, string category) : ILogger
    {
        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
        {
            log._lines.Enqueue($"{logLevel} {category}: {formatter(state, exception)} {exception}");
            while (log._lines.Count > MostLines)
            {
                log._lines.TryDequeue(out _);
            }
        }
    }
}
