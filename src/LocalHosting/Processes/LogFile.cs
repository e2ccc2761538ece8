using System.Text;

namespace Antaca.LocalHosting;

/// <summary>One process's output on disk: name.log, and the two before it (name.1.log, name.2.log), each at most 20 MiB.</summary>
internal sealed class LogFile : IDisposable
{
    private const long LargestBytes = 20 * 1024 * 1024;
    private const int Kept = 2;

    private readonly string folder;
    private readonly string name;
    private readonly Lock writing = new();
    private StreamWriter writer;
    private long size;
    private bool closed;

    public LogFile(string folder, string name)
    {
        this.folder = folder;
        this.name = name;
        writer = Rotate();
    }

    public void Write(string line)
    {
        lock (writing)
        {
            if (closed)
            {
                return;
            }
            if (size > LargestBytes)
            {
                writer.Dispose();
                writer = Rotate();
            }
            writer.WriteLine(line);
            size += line.Length + 1;
        }
    }

    public void Dispose()
    {
        lock (writing)
        {
            closed = true;
            writer.Dispose();
        }
    }

    private StreamWriter Rotate()
    {
        for (var age = Kept - 1; age >= 0; age--)
        {
            if (File.Exists(At(age)))
            {
                File.Move(At(age), At(age + 1), overwrite: true);
            }
        }
        size = 0;
        return new StreamWriter(At(0), append: false, new UTF8Encoding(encoderShouldEmitUTF8Identifier: false)) { AutoFlush = true };
    }

    private string At(int age) => Path.Combine(folder, age == 0 ? $"{name}.log" : $"{name}.{age}.log");
}
