using Antaca.Benchmarks;

return args switch
{
    ["gateway"] => await GatewayBenchmark.Run(),
    ["jwe"] => await JweBenchmark.Run(),
    ["backend", .. var place] => await Backend.Run(new Place(place)),
    ["bare-proxy", .. var place] => await BareProxy.Run(new Place(place)),
    _ => Usage(),
};

static int Usage()
{
    Console.Error.WriteLine("Which benchmark? gateway or jwe.");
    return 64;
}
