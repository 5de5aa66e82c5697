package bench

func roundUp(n, batch int) int { return (n + batch - 1) / batch * batch }
