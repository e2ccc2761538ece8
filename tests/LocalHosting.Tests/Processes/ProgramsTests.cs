using Aspire.Hosting;

namespace Antaca.LocalHosting.Tests.Processes;

public sealed class ProgramsTests : IDisposable
{
    private readonly Place machine = new();

    public void Dispose() => machine.Dispose();

    [Fact]
    public void A_machine_without_PostgreSQL_is_told_in_one_sentence_what_to_install()
    {
        var fault = Assert.Throws<DistributedApplicationException>(() => Programs.Postgres(search: machine.Folder));

        Assert.Equal("PostgreSQL is missing on this machine: install it with: apt-get install postgresql rabbitmq-server", fault.Message);
    }

    [Fact]
    public void A_machine_without_RabbitMQ_is_told_in_one_sentence_what_to_install()
    {
        var fault = Assert.Throws<DistributedApplicationException>(() => Programs.RabbitMqServer(machine.Folder));

        Assert.Equal("RabbitMQ is missing on this machine: install it with: apt-get install postgresql rabbitmq-server", fault.Message);
    }

    [Fact]
    public void A_new_cluster_takes_the_newest_PostgreSQL_and_an_old_one_keeps_its_own()
    {
        foreach (var major in new[] { "9", "15", "17" })
        {
            Install($"usr/lib/postgresql/{major}/bin/initdb");
        }

        Assert.EndsWith("/17/bin", Programs.Postgres(search: machine.Folder), StringComparison.Ordinal);
        Assert.EndsWith("/15/bin", Programs.Postgres(15, machine.Folder), StringComparison.Ordinal);
        var fault = Assert.Throws<DistributedApplicationException>(() => Programs.Postgres(16, machine.Folder));
        Assert.Contains("apt-get install postgresql-16", fault.Message, StringComparison.Ordinal);
    }

    private void Install(string file)
    {
        var path = machine.At(file);
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        File.WriteAllText(path, "");
    }
}
