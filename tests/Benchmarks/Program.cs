using Antaca.Benchmarks;

return args switch
{
    ["gateway"] => await GatewayBenchmark.Run(),
    ["jwe"] => await JweBenchmark.Run(),
    ["ledger", .. var options] => await LedgerBenchmark.Run(options),
    ["authorisations", .. var options] => await AuthorisationsBenchmark.Run(options),
    ["cards", .. var options] => await CardsBenchmark.Run(options),
    ["vault", .. var options] => await VaultBenchmark.Run(options),
    ["backend", .. var place] => await Backend.Run(new Place(place)),
    ["bare-proxy", .. var place] => await BareProxy.Run(new Place(place)),
    _ => Usage(),
};

static int Usage()
{
    Console.Error.WriteLine("Which benchmark? gateway, jwe, cards, vault, ledger or authorisations. Their options: ./antaca help");
    return 64;
}
