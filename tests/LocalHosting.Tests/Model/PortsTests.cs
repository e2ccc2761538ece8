using Aspire.Hosting;

namespace Antaca.LocalHosting.Tests.Model;

public class PortsTests
{
    [Fact]
    public void Without_a_base_an_endpoint_gets_the_port_it_asks_for_and_others_count_up_from_18010()
    {
        var ports = new Ports();

        Assert.Equal([18010, 8443, 18011, 9443], [ports.Next(), ports.Next(8443), ports.Next(), ports.Next(9443)]);
    }

    [Fact]
    public void A_base_moves_every_port()
    {
        var ports = new Ports(20000);

        Assert.Equal([20010, 20443, 20011, 20444], [ports.Next(), ports.Next(8443), ports.Next(), ports.Next(9443)]);
    }

    [Fact]
    public void The_inner_ports_never_run_into_the_outer_ones()
    {
        var ports = new Ports(20000);
        for (var port = 20010; port < 20443; port++)
        {
            Assert.Equal(port, ports.Next());
        }

        Assert.Throws<DistributedApplicationException>(() => ports.Next());
    }

    [Theory]
    [InlineData("many")]
    [InlineData("-1")]
    [InlineData("80")]
    [InlineData("65000")]
    public void A_base_that_leaves_no_room_is_refused_in_one_sentence(string text)
    {
        Environment.SetEnvironmentVariable("ANTACA_PORT_BASE", text);
        try
        {
            var fault = Assert.Throws<DistributedApplicationException>(Ports.FromEnvironment);
            Assert.Contains($"ANTACA_PORT_BASE is \"{text}\"", fault.Message, StringComparison.Ordinal);
        }
        finally
        {
            Environment.SetEnvironmentVariable("ANTACA_PORT_BASE", null);
        }
    }

    [Fact]
    public void Free_ports_differ_and_nobody_listens_on_them()
    {
        var ports = Ports.Free(20);

        Assert.Equal(20, ports.Distinct().Count());
        Assert.All(ports, port => Assert.True(Ports.IsFree(port)));
    }
}
