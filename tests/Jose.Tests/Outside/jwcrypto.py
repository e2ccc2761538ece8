# Debian's python3-jwcrypto behind one line of JSON in, one line of JSON out, until stdin ends.
import json
import sys

from jwcrypto import jwe, jwk


def encrypt(request):
    header = {"alg": request["alg"], "enc": request["enc"], "kid": request["publicJwk"]["kid"]}
    if "zip" in request:
        header["zip"] = request["zip"]
    sealed = jwe.JWE(request["plaintext"].encode(), protected=json.dumps(header), recipient=jwk.JWK(**request["publicJwk"]))
    return {"compact": sealed.serialize(compact=True)}


def decrypt(request):
    opened = jwe.JWE()
    opened.deserialize(request["compact"], key=jwk.JWK(**request["privateJwk"]))
    return {"plaintext": opened.payload.decode()}


def thumbprint(request):
    return {"thumbprint": jwk.JWK(**request["publicJwk"]).thumbprint()}


verbs = {"encrypt": encrypt, "decrypt": decrypt, "thumbprint": thumbprint}

for line in sys.stdin:
    request = json.loads(line)
    try:
        answer = verbs[request["verb"]](request)
    except Exception as fault:
        answer = {"error": f"{type(fault).__name__}: {fault}"}
    print(json.dumps(answer), flush=True)
